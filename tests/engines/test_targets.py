"""Kernels for other processors: the code asks for nothing that is not there.

What runs here is tested here: `test_runs.py` forces narrow vectors and forbids AVX-512.
For processors that are not here the code is at least made, and the functions that it
calls are looked at: an instruction that a processor lacks would be a call to a library
that a kernel is not linked with.
"""

from __future__ import annotations

import re

import llvmlite.binding as llvm
import pytest

from sdmodel.engines.emit import emit
from sdmodel.engines.emit_packed import emit_packed
from sdmodel.engines.plan import Plan, make_plan
from sdmodel.engines.target import Target
from tests.engines.small import medley

LINUX = "{}-unknown-linux-gnu"
C_LIBRARY = {"sin", "cos", "tan", "sinh", "cosh", "tanh", "asin", "acos", "atan"}
PROCESSORS = {
    "x86-64-v2": ("x86_64", "x86-64-v2", 2, False),
    "x86-64-v3": ("x86_64", "x86-64-v3", 4, True),
    "x86-64-v4": ("x86_64", "x86-64-v4", 8, True),
    "neon": ("aarch64", "generic", 2, True),
    "apple": ("aarch64", "apple-m1", 2, True),
}


def calls(text: str, arch: str, cpu: str) -> set[str]:
    """Compile a module for a processor and return the functions it calls outside."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    triple = LINUX.format(arch)
    target = llvm.Target.from_triple(triple)
    machine = target.create_target_machine(cpu=cpu, opt=2, reloc="static")
    module = llvm.parse_assembly(text)
    module.triple = triple
    module.data_layout = str(machine.target_data)
    module.verify()
    assert len(machine.emit_object(module)) > 1000
    code = machine.emit_assembly(module)
    named = set(re.findall(r"^\t(?:callq?|jmp|bl|b)\t(\w+)", code, re.MULTILINE))
    # With the large code model a call goes by way of an address in a register.
    named |= set(re.findall(r"movabsq\t\$([A-Za-z_]\w*), ", code))
    own = set(re.findall(r"^(\w+):", code, re.MULTILINE))
    return {name for name in named - own if not name.startswith((".", "LBB"))}


@pytest.fixture(scope="module")
def plan() -> Plan:
    model = medley()
    return make_plan(model, tuple(model.scalars))


@pytest.mark.parametrize("write", [emit, emit_packed])
@pytest.mark.parametrize("name", PROCESSORS)
def test_code_for_other_processors_calls_nothing_unknown(
    plan: Plan, name: str, write: object
) -> None:
    arch, cpu, lanes, fma = PROCESSORS[name]
    target = Target(cpu=cpu, features="", lanes=lanes, fma=fma, wide=name[-2:] == "v4")
    text = write(plan, target).text  # type: ignore[operator] # emit or emit_packed
    found = calls(text, arch, cpu)
    assert found >= {"sin", "atan"}, "the look-up of calls finds none at all"
    assert found <= C_LIBRARY | {"memset", "memcpy"}


def test_a_missing_instruction_would_be_seen(plan: Plan) -> None:
    # Fused operations on a processor without them become calls of the C library.
    target = Target(cpu="x86-64-v2", features="", lanes=2, fma=True, wide=False)
    assert "fma" in calls(emit(plan, target).text, "x86_64", "x86-64-v2")
