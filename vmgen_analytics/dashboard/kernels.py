"""The Python behind the pages: a kernel for each that is open, and one that is ready for the next."""

from __future__ import annotations

import asyncio
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

    def __init__(self, **how: Any) -> None:
        super().__init__(**how)
        self._starting: set[asyncio.Future[str]] = set()
        self._is_ending = False

    async def start_kernel(self, **_: Any) -> str:
        """Give the kernel that waits, or start one if none does; Voila asks for one for each page."""
        spare, self._spare = self._spare, None
        kernel = spare if spare is not None and spare in self else await self._started()
        asyncio.get_running_loop().call_later(SPARE_AFTER_S, self.prepare)
        return kernel

    def prepare(self) -> None:
        """Start the kernel of the next page, if none waits for it."""

        async def prepare() -> None:
            self._spare = await self._started()

        if self._spare is None and not self._is_ending:
            self._preparing = asyncio.ensure_future(prepare())

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel whose page is gone, but not the one that waits for its page."""
        if kernel_id != self._spare:
            await super().cull_kernel_if_idle(kernel_id)

    def cwd_for_path(self, *_: Any, **__: Any) -> str:
        """Run where the dashboard was started: relative paths and vmgen.toml mean the same there."""
        return str(Path.cwd())

    async def shutdown_all(self, now: bool = False) -> None:
        """End all of them, also those that are being started; those with a page may finish what they are writing."""
        self._is_ending = True
        await asyncio.gather(*self._starting, return_exceptions=True)
        has_page = {kernel: bool(self._kernel_connections.get(kernel)) for kernel in self.list_kernel_ids()}
        await asyncio.gather(
            *(self._async_shutdown_kernel(kernel, now=now or not has_page[kernel]) for kernel in has_page),
            return_exceptions=True,
        )

    async def _started(self) -> str:
        environment = {**os.environ, **self.parent.environment}
        starting = asyncio.ensure_future(
            self._async_start_kernel(kernel_name="python3", path="", env=environment, extra_arguments=[_IMPORTS])
        )
        self._starting.add(starting)
        starting.add_done_callback(self._starting.discard)
        return await asyncio.shield(starting)
