"""Kubernetes quantities: `500m`, `1`, `1Gi`, `2e3`; compared by value, kept as they were written.

Source: k8s.io/apimachinery/pkg/api/resource, doc of Quantity.
"""

import re
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

_FORM: Final = re.compile(
    r"^([+-]?)([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)|[eE]([+-]?[0-9]{1,3}))?$"
)
_DECIMAL: Final = {suffix: Decimal(10) ** power for suffix, power in zip("num kMGTPE", range(-9, 19, 3), strict=False)}
_BINARY: Final = {f"{prefix}i": Decimal(1024) ** power for power, prefix in enumerate("KMGTPE", start=1)}
_SCALE: Final = {**_DECIMAL, **_BINARY}
MAX_LENGTH: Final = 32


def value(quantity: str) -> Decimal:
    """The number a quantity stands for, in its base unit (cores, bytes); ValueError where it is none."""
    match = _FORM.fullmatch(quantity)
    if match is None:
        raise ValueError(f"{quantity!r} is no quantity (such as 500m, 2 or 1Gi)")
    sign, digits, suffix, exponent = match.groups()
    number = Decimal(digits) * (_SCALE[suffix] if suffix else Decimal(10) ** int(exponent or 0))
    return -number if sign == "-" else number


def _to_text(raw: Any) -> Any:
    return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw


def _check(quantity: str) -> str:
    if len(quantity) > MAX_LENGTH:
        raise ValueError(f"must be a quantity of at most {MAX_LENGTH} characters")
    if value(quantity) <= 0:
        raise ValueError("must be greater than 0")
    return quantity


Quantity = Annotated[
    str,
    BeforeValidator(_to_text),
    AfterValidator(_check),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "maxLength": MAX_LENGTH,
            "x-kubernetes-validations": [
                {
                    "rule": "isQuantity(string(self)) && quantity(string(self)).isGreaterThan(quantity('0'))",
                    "message": "must be a quantity greater than 0 (such as 500m, 2 or 1Gi)",
                }
            ],
        }
    ),
]
"""A quantity greater than 0; a whole number may be written without quotes."""
