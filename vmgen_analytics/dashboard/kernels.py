"""The Python behind the pages: a kernel for each that is open, and one that is ready for the next."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

SPARE_AFTER_S = 2.0
"""When the next kernel is started after one was taken: by then that one's page has the processor no more."""

_IMPORTS = "--IPKernelApp.exec_lines=from vmgen_analytics.dashboard import shown; import vmgen_analytics.widgets"


class ThisPython(KernelSpecManager):  # type: ignore[misc]  # Jupyter's traits have no types
    """Knows one kernel, the Python that runs the dashboard: another with the same name may lack our packages."""

    def _kernel_dirs_default(self) -> list[str]:
        return []


class Kernels(AsyncMappingKernelManager):  # type: ignore[misc]
    """Kernels that run where the dashboard was started, with its settings; importing takes seconds, so one waits.

    Its parent is the `Dashboard`, whose ``environment`` they get.
    """

    _spare: str | None = None
    _preparing: asyncio.Task[None] | None = None

    async def start_kernel(self, **_: Any) -> str:
        """Give the kernel that waits, or start one if none does; Voila asks for one for each page."""
        spare, self._spare = self._spare, None
        kernel: str = spare if spare is not None and spare in self else await self._started()
        self.prepare(SPARE_AFTER_S)
        return kernel

    def prepare(self, after_s: float = 0.0) -> None:
        """Start the kernel of the next page, after a moment."""

        async def prepare() -> None:
            await asyncio.sleep(after_s)
            if self._spare is None:
                self._spare = await self._started()

        self._preparing = asyncio.ensure_future(prepare())

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel whose page is gone, but not the one that waits for its page."""
        if kernel_id != self._spare:
            await super().cull_kernel_if_idle(kernel_id)

    def cwd_for_path(self, *_: Any, **__: Any) -> str:
        """Run where the dashboard was started: relative paths and vmgen.toml mean the same there."""
        return str(Path.cwd())

    async def shutdown_all(self, now: bool = False) -> None:
        """End all of them, also the one that is being started."""
        if self._preparing is not None:
            self._preparing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._preparing
        await self._async_shutdown_all(now=now)

    async def _started(self) -> str:
        environment = {**os.environ, **self.parent.environment}
        kernel: str = await self._async_start_kernel(
            kernel_name="python3", path="", env=environment, extra_arguments=[_IMPORTS]
        )
        return kernel
