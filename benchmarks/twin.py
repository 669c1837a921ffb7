"""The market kernel compiled from market.c and called on the arrays of the Python one."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from sim.mechanisms.market.kernels import Accounts, Closure, Memory, Technology

FLAGS = ("-O3", "-march=native", "-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math")


class _Size(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("sectors", "regions", "provinces", "depth")]


class _Outcome(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("converged", "sweeps", "place")] + [("worst", ctypes.c_double)]


class CompilerMissing(Exception):
    """There is no gcc on this machine."""


def _field_type(value: object) -> type:
    if isinstance(value, np.ndarray):
        return ctypes.c_void_p
    return ctypes.c_int64 if isinstance(value, int) else ctypes.c_double


def structure(values: tuple) -> ctypes.Structure:
    """A C structure with the fields of a named tuple in their order; arrays as addresses, so they must outlive it."""
    for name, value in zip(values._fields, values, strict=True):
        if isinstance(value, np.ndarray) and not (value.flags.c_contiguous and value.dtype.itemsize == 8):
            raise ValueError(f"{name} is not a contiguous array of 64-bit numbers")
    fields = [(name, _field_type(value)) for name, value in zip(values._fields, values, strict=True)]
    made = type(type(values).__name__, (ctypes.Structure,), {"_fields_": fields})
    return made(*(value.ctypes.data if isinstance(value, np.ndarray) else value for value in values))


def _address(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


class Twin:
    """The kernel in C. Compiles on construction; needs gcc."""

    def __init__(self) -> None:
        compiler = shutil.which("gcc")
        if compiler is None:
            raise CompilerMissing("gcc is not installed, so the kernels cannot be compared with C")
        self.version = subprocess.run(
            [compiler, "-dumpfullversion"], check=True, capture_output=True, text=True
        ).stdout.strip()
        source = Path(__file__).with_name("market.c")
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "market.so"
            subprocess.run([compiler, *FLAGS, "-shared", "-fPIC", str(source), "-o", str(target), "-lm"], check=True)
            self._library = ctypes.CDLL(str(target))
        self._library.solve.restype = _Outcome
        self._library.sweeps.restype = None

    @staticmethod
    def _arguments(tech: Technology, closure: Closure, accounts: Accounts, depth: int) -> tuple:
        size = _Size(*tech.factor.shape, accounts.p_revenue.shape[0], depth)
        return size, *(ctypes.byref(structure(part)) for part in (tech, closure, accounts))

    def prepared_sweeps(
        self, times: int, z: np.ndarray, tech: Technology, closure: Closure, accounts: Accounts, residual: np.ndarray
    ) -> Callable[[], object]:
        """A call without arguments that sweeps so many times."""
        size, *parts = self._arguments(tech, closure, accounts, 0)
        work = np.empty((5, *tech.factor.shape))
        arguments = (ctypes.c_int64(times), size, _address(z), *parts, _address(work), _address(residual))
        return lambda: (self._library.sweeps(*arguments), work)

    def prepared(
        self, z: np.ndarray, tech: Technology, closure: Closure, accounts: Accounts, memory: Memory, tolerance: float,
        max_sweeps: int,
    ) -> Callable[[], _Outcome]:  # fmt: skip
        """A call without arguments that solves in place and returns the outcome: only C is in its time."""
        size, *parts = self._arguments(tech, closure, accounts, memory.step.shape[0])
        stored = structure(memory)
        arguments = (
            size, _address(z), *parts, ctypes.byref(stored), ctypes.c_double(tolerance), ctypes.c_int64(max_sweeps),
        )  # fmt: skip
        return lambda: self._library.solve(*arguments)
