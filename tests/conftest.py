"""Settings of every test: reproducible hypothesis profiles and one cache of compiled kernels for all workers."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent

settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "fuzz", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "default"))


def kernel_cache() -> Path:
    """A folder named by the content of every kernel file.

    Numba keys a compiled function by its own file only: after an edit of another kernel file it would run stale code.
    """
    digest = hashlib.sha256()
    for path in sorted((ROOT / "sim").rglob("*.py")):
        content = path.read_bytes()
        if b"njit" in content:
            digest.update(content)
    return ROOT / ".cache" / f"numba-{digest.hexdigest()[:12]}"


def pytest_configure(config: pytest.Config) -> None:
    """Before the workers start: name the cache, and fill it once instead of once per worker."""
    cache = Path(os.environ.setdefault("NUMBA_CACHE_DIR", str(kernel_cache())))
    is_worker = hasattr(config, "workerinput")
    parallel = bool(getattr(config.option, "numprocesses", None))
    if parallel and not is_worker and not cache.exists():
        subprocess.run([sys.executable, "-m", "sim", "doctor", "--quiet"], check=False, timeout=300)
