"""The mark of the tests that need Chromium: ``-m "not browser"`` leaves them out."""

from __future__ import annotations

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: opens pages in Chromium, found on the PATH")
