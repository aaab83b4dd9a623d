"""What every part of the spec is made of: a frozen model whose rules are stated once.

A `Rule` is checked in Python wherever a spec is read, and published as CEL in the CRD, so that the API
server refuses what the operator would. Called by every module of this package and by crd.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

CEL_RULES: Final = "x-kubernetes-validations"
PUBLISHED_DEFAULT: Final = "x-messaging-default"
"""In a field's schema: the default of an object that the CRD shall publish, because rules read it."""


@dataclass(frozen=True)
class Rule:
    """A condition on one object, as CEL and in Python.

    `holds` is None for a transition rule (its CEL reads `oldSelf`): only the API server knows the old
    object. The message is what a person reads in both cases.
    """

    cel: str
    message: str
    holds: Callable[[Any], bool] | None = None


class SpecModel(BaseModel):
    """A part of the spec: camelCase outside, snake_case inside, immutable."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, use_attribute_docstrings=True)

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        broken = [rule.message for rule in self.rules if rule.holds is not None and not rule.holds(self)]
        if broken:
            raise ValueError("; ".join(broken))
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The model's schema, with its rules beside it as a CRD writes them."""
        published = handler.resolve_ref_schema(handler(schema))
        if cls.rules:
            published[CEL_RULES] = [{"rule": rule.cel, "message": rule.message} for rule in cls.rules]
        return published


def given(model: SpecModel, *fields: str) -> int:
    """How many of the fields (Python names) have a value."""
    return sum(getattr(model, field) is not None for field in fields)
