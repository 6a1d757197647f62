"""The operations that there are, and which of them a request means."""

from collections.abc import Iterable
from dataclasses import dataclass
from re import Pattern

from fastapi import APIRouter
from fastapi.routing import APIRoute


@dataclass(frozen=True)
class Operation:
    """One of the provider's operations, and the path that means it."""

    name: str
    methods: frozenset[str]
    path: Pattern[str]


def operations(routers: Iterable[APIRouter]) -> list[Operation]:
    """List the operations that routers offer."""
    return [
        Operation(route.name, frozenset(route.methods or ()), route.path_regex)
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute) and route.operation_id
    ]


def meant(offered: Iterable[Operation], method: str, path: str) -> tuple[str | None, int | None]:
    """Return the operation and the VM id that a request means, each None where there is none."""
    for operation in offered:
        found = operation.path.match(path)
        if found and method in operation.methods:
            vm_id = found.groupdict().get("id", "") if path.startswith("/virtual-machines/") else ""
            return operation.name, int(vm_id) if vm_id.isdecimal() and len(vm_id) < 19 else None
    return None, None


def allowed(offered: Iterable[Operation], path: str) -> str:
    """Return the methods that a path knows, as the header Allow lists them."""
    methods = {method for operation in offered if operation.path.match(path) for method in operation.methods}
    return ", ".join(sorted(methods))
