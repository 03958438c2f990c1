"""No check can be taken out of the validator, or put in untested, without a test that fails.

The validator is loaded once more with a switch at every place where it reports a problem.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from strongroom.ocfl import validation
from strongroom.ocfl.validation.codes import CODES
from support.ocfl_faults import FAULTS
from support.ocfl_faults_judged import judge_fault, wrong_about
from support.ocfl_faults_making import Fault

PACKAGE = validation.__name__
FOLDER = Path(next(iter(validation.__path__)))
_CODE = re.compile(r"[EW]\d{3}|unreadable")
#: ``module.py:line:column code``
Site = str


def reports(node: ast.AST) -> bool:
    """Whether this is a call such as ``problems.add("E023", place, …)``.

    The ``add`` of a set takes one value, that of problems takes more.
    """
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "add"
        and len(node.args) + len(node.keywords) > 1
    )


def code_of(call: ast.Call) -> str | None:
    first = call.args[0] if call.args else None
    value = first.value if isinstance(first, ast.Constant) else None
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None


def sites() -> dict[Site, str | None]:
    """Every place that reports, with its code; None where it is not written there."""
    return {
        site_of(path.name, call): code_of(call)
        for path in sorted(FOLDER.rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(call, ast.Call) and reports(call)
    }


def site_of(module: str, call: ast.Call) -> Site:
    return f"{module}:{call.lineno}:{call.col_offset} {code_of(call)}"


# ------------------------------------------------------------------------------ the second loading


class Switches:
    """Which places are off, and which were come to."""

    def __init__(self) -> None:
        self.off: Site | None = None
        self.reached: set[Site] = set()

    def __call__(self, site: Site) -> bool:
        self.reached.add(site)
        return site != self.off


class _Switched(ast.NodeTransformer):
    """``x.add(…)`` becomes ``__on__("site") and x.add(…)``."""

    def __init__(self, module: str) -> None:
        self.module = module

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not reports(node):
            return node
        name = ast.Name("__on__", ast.Load())
        asked = ast.Call(name, [ast.Constant(site_of(self.module, node))], [])
        return ast.fix_missing_locations(
            ast.copy_location(ast.BoolOp(ast.And(), [asked, node]), node)
        )


class _Loader(importlib.machinery.SourceFileLoader):
    switches: Switches

    def get_code(self, fullname: str) -> Any:
        path = Path(self.get_filename(fullname))
        tree = _Switched(path.name).visit(ast.parse(path.read_bytes()))
        return compile(tree, str(path), "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__on__"] = self.switches
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, switches: Switches) -> None:
        self.switches = switches

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith(f"{PACKAGE}."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        assert spec is not None
        assert spec.origin is not None
        loader = _Loader(fullname, spec.origin)
        loader.switches = self.switches
        return importlib.util.spec_from_file_location(
            fullname,
            spec.origin,
            loader=loader,
            submodule_search_locations=spec.submodule_search_locations,
        )


@contextmanager
def switched(switches: Switches) -> Iterator[tuple[Callable[..., Any], Callable[..., Any]]]:
    """``validate_object`` and ``validate_root`` of a second loading of the validator."""
    finder = _Finder(switches)
    mine = {name: found for name, found in sys.modules.items() if name.startswith(f"{PACKAGE}.")}
    attributes = dict(vars(validation))
    for name in mine:
        del sys.modules[name]
        # else an import of a submodule from the package finds the one that is loaded already
        vars(validation).pop(name.rpartition(".")[2], None)
    sys.meta_path.insert(0, finder)
    try:
        objects = importlib.import_module(f"{PACKAGE}.objects")
        roots = importlib.import_module(f"{PACKAGE}.roots")
        yield objects.validate_object, roots.validate_root
    finally:
        sys.meta_path.remove(finder)
        for name in [name for name in sys.modules if name.startswith(f"{PACKAGE}.")]:
            del sys.modules[name]
        sys.modules.update(mine)
        vars(validation).update(attributes)


# --------------------------------------------------------------------------------------- the tests


def test_every_report_names_its_code_where_it_stands() -> None:
    found = sites()
    assert len(found) > 100
    assert [site for site, code in found.items() if code is None] == []
    reported = set(found.values())
    checked = {code for code, about in CODES.items() if about.checked}
    assert reported == checked | {"unreadable"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Fault], Path]:
    """Where each fault lies; it is written when it is judged for the first time."""
    base = tmp_path_factory.mktemp("faults")
    places = {str(fault): base / str(number) for number, fault in enumerate(FAULTS)}
    return lambda fault: places[str(fault)]


def test_every_report_is_needed(folders: Callable[[Fault], Path]) -> None:
    """Each place that reports is come to, and without it some fault is judged wrong."""
    switches = Switches()
    reaching: dict[Site, list[Fault]] = {}
    with switched(switches) as validate:
        for fault in FAULTS:
            switches.reached = set()
            judged = judge_fault(fault, folders(fault), validate=validate)
            assert not wrong_about(fault, judged), f"{fault}\n{judged}"
            for site in switches.reached:
                reaching.setdefault(site, []).append(fault)
        unreached = sorted(set(sites()) - set(reaching))
        assert unreached == [], "no fault comes to these"

        needless = []
        for site, faults in sorted(reaching.items()):
            switches.off = site
            # those that are about this code first
            faults.sort(key=lambda fault: site[-4:] not in fault.codes)
            if not any(
                wrong_about(fault, judge_fault(fault, folders(fault), validate=validate))
                for fault in faults
            ):
                needless.append(site)
    assert needless == [], "these can be taken out, and no fault is judged otherwise"
