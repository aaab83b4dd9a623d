"""Envoy's configuration, rendered by a pure function: `render_gateway(GatewayInput) -> {file name: YAML text}`.

The operator puts the files into two ConfigMaps, compose mounts them as they are; both run Envoy by
`desired/scripts/envoy.sh` on `/etc/envoy/boot/bootstrap.yaml`.

Which file is taken how (see `model.ROLLED_FILES`, `model.HOT_FILES`):

- `boot/bootstrap.yaml`, `boot/lds.yaml` (process, listeners, token check, limits) are rolled: they belong into a
  ConfigMap that is named by its hash, so that a bad listener stops at the first new pod and the old ones go on.
- `live/rds.yaml` (routes, CORS) and `live/cds.yaml` (upstreams) are taken by the running Envoy within a second
  of the kubelet's swap of `..data`; a file that Envoy rejects leaves the former one in force.
- `live/validate.yaml` is all of it in one static file, for `envoy --mode validate` (`envoy.sh validate`, an init
  container): validation does not read the files that a bootstrap only names. It stands in `live` because it holds the
  routes too, and a changed route shall not roll the pods.
"""

from .model import CONFIG_ROOT, HOT_FILES, ROLLED_FILES, GatewayInput, GatewayLimits, RateLimit, Upstream
from .render import render_gateway

__all__ = [
    "CONFIG_ROOT",
    "HOT_FILES",
    "ROLLED_FILES",
    "GatewayInput",
    "GatewayLimits",
    "RateLimit",
    "Upstream",
    "render_gateway",
]
