"""A platform as the list of all it consists of: the order of the roll-out stands here."""

from messaging_operator.desired import (
    credentials,
    gateway,
    migrations,
    mysql,
    policies,
    rabbitmq,
    services,
)
from messaging_operator.desired.model import Desired, Platform, Stage


def build(platform: Platform) -> Desired:
    """The desired state of a platform: total for every valid spec, the same for the same input.

    Database and broker start side by side. Policies come before what they protect, so that no pod is ever
    open to others, and so that the platform also starts where the namespace denies everything else.
    """
    return Desired(
        secrets=credentials.generated(platform),
        stages=(
            Stage("secrets", ()),
            Stage("configuration", (*mysql.configuration(platform), *rabbitmq.configuration(platform)), ("secrets",)),
            Stage("policies", policies.objects(platform), ("configuration",)),
            Stage("database", mysql.objects(platform), ("policies",)),
            Stage("broker", rabbitmq.objects(platform), ("policies",)),
            Stage("migrations", migrations.objects(platform), ("database",)),
            Stage("services", services.objects(platform), ("migrations", "broker")),
            Stage("gateway", gateway.objects(platform), ("services",)),
            Stage("autoscaling", services.autoscalers(platform), ("services",)),
        ),
        claims=(*mysql.claims(platform), *rabbitmq.claims(platform)),
        references=credentials.references(platform),
    )
