from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "properties",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=12,
    # the data are small as drawn, and shrinking would train hundreds of times
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def pytest_collection_modifyitems(items):
    profile = settings.get_profile("properties")
    for item in items:
        test = getattr(getattr(item, "function", None), "hypothesis", None)
        if test is not None and "properties" in item.path.parts:
            item.function._hypothesis_internal_use_settings = profile
