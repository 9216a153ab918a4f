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
settings.load_profile("properties")
