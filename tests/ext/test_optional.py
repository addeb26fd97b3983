"""What is optional is not there until it is asked for, and says what to install."""

import subprocess
import sys
from importlib import import_module, reload
from types import ModuleType

import pytest

from sourcery.errors import ExtraMissing

LIBRARIES = ["celery", "django", "flask", "opentelemetry", "prometheus_client"]
PARTS = {
    "sourcery.ext.otel": ("opentelemetry", "otel"),
    "sourcery.ext.prometheus": ("prometheus_client.core", "prometheus"),
    "sourcery.ext.django": ("django", "django"),
}


def test_the_library_imports_none_of_them() -> None:
    """So nobody pays for what is not used."""
    code = f"import sourcery, sys; print([n for n in {LIBRARIES} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "[]" == done.stdout.strip()


@pytest.mark.parametrize("name", PARTS)
def test_a_missing_library_is_an_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by the error."""
    library, extra = PARTS[name]
    part: ModuleType = import_module(name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ExtraMissing) as caught:
        reload(part)
    assert extra == caught.value.extra
    assert f"sourcery-events[{extra}]" in str(caught.value)
    monkeypatch.undo()
    assert caught.value.part
