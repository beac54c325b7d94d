"""For all tests: a property holds or not, however slow the machine is."""

from importlib.util import find_spec

if find_spec("hypothesis") is not None:  # the environments of engines have none
    from hypothesis import settings

    settings.register_profile("unhurried", deadline=None)
    settings.load_profile("unhurried")
