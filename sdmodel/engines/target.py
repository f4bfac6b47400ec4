"""Which processor a kernel is for, and what that allows its code to use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sdmodel.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Target:
    """Settings that decide a kernel's instructions, and so its bits.

    ``lanes`` is the number of runs in step with one another. ``fma`` decides the
    rounding inside exp, ln and pow; model arithmetic is never contracted. ``wide``
    allows AVX-512's own permutes and scaling. ``gather`` false means that the loop
    around the steps writes scheduled values into the slots, where each step reads them
    as constants. ``brief`` is for pages, where time counts and 1e-12 is promised: exp
    and x^y take fewer instructions (``emit_brief``), and a quotient whose divisor is
    known before the step, or divides more than once, is a product with its reciprocal.
    ``features`` is LLVM's list.
    """

    cpu: str
    features: str
    lanes: int
    fma: bool
    wide: bool
    gather: bool = True
    brief: bool = False

    @property
    def key(self) -> str:
        """Text that names these settings in a cache key."""
        # The others show in the code itself, which is part of every key.
        return f"{self.cpu}|{self.features}|{self.lanes}|{self.fma}|{self.wide}"


def host_target(lanes: int | None = None, *, wide: bool | None = None) -> Target:
    """Return the best settings for this machine.

    Parameters
    ----------
    lanes
        Runs in step with one another; default as many as fill a register.
    wide
        False forbids AVX-512's own instructions, so that other processors' code can be
        tried here.
    """
    import llvmlite.binding as llvm

    try:
        host: Mapping[str, bool] = llvm.get_host_cpu_features()
    except RuntimeError:  # LLVM cannot tell on some processors
        host = {}
    features = ",".join(("+" if on else "-") + f for f, on in sorted(host.items()))
    cpu = llvm.get_host_cpu_name()
    triple = llvm.get_process_triple()
    arm = triple.startswith(("aarch64", "arm64"))
    avx512 = host.get("avx512f", False) and host.get("avx512dq", False)
    fma = arm or host.get("fma", False)
    if lanes is None:
        lanes = 8 if avx512 else 4 if host.get("avx2", False) else 2
    wide = (avx512 and lanes == 8) if wide is None else wide and avx512 and lanes == 8
    return Target(cpu=cpu, features=features, lanes=lanes, fma=fma, wide=wide)


def kernel_settings(target: Target | None = None) -> dict[str, int]:
    """Return what decides a kernel's bits, for a record or for other machines.

    ``llvm`` and ``emitter`` are versions; the rest are fields of `Target`.
    """
    import llvmlite.binding as llvm

    from sdmodel.engines.emit import VERSION

    target = target or host_target()
    return {
        "lanes": target.lanes,
        "fma": int(target.fma),
        "wide": int(target.wide),
        "emitter": VERSION,
        "llvm": llvm.llvm_version_info[0],
    }


def target_of(settings: Mapping[str, int]) -> Target:
    """Return the target of this machine that gives the bits of ``settings``.

    Lanes and AVX-512's own instructions change no bit, so that a processor with
    narrower registers does with what it has.

    Raises
    ------
    RunError
        If this machine cannot, saying in what it differs.
    """
    host = host_target()
    here = kernel_settings(host)
    able = here | {"fma": min(here["fma"], settings["fma"])}
    differs = [
        f"{name} is {settings[name]} there and {here[name]} here"
        for name in ("fma", "emitter", "llvm")
        if able[name] != settings[name]
    ]
    if differs:
        msg = f"this machine cannot give another's bits: {'; '.join(differs)}"
        raise RunError(msg)
    lanes = min(settings["lanes"], host.lanes)
    return replace(
        host,
        lanes=lanes,
        fma=bool(settings["fma"]),
        wide=host.wide and bool(settings["wide"]) and lanes == host.lanes,
    )
