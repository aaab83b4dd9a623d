"""Play the checks one after the other and say how it went."""

import time
from collections.abc import Callable

from e2e.acceptance import newcomer, repairs, trouble
from e2e.acceptance.subject import CheckError, Subject
from e2e.errors import ToolingError
from e2e.steps import console

Check = Callable[[Subject], None]
CHECKS: tuple[Check, ...] = (
    trouble.every_rendered_manifest_is_accepted,
    trouble.bad_input_is_refused_by_name,
    trouble.every_pod_is_restricted,
    repairs.a_deleted_deployment_comes_back,
    repairs.a_scaled_service_gets_its_fixed_number_of_pods_back,
    repairs.an_autoscaled_service_at_zero_is_raised,
    repairs.a_deleted_configmap_of_the_gateway_comes_back,
    repairs.a_deleted_pod_of_the_database_keeps_its_data,
    trouble.a_wrong_image_shows_in_status_while_the_old_version_serves,
    newcomer.the_commands_of_the_readme_work,
)


def play(subject: Subject) -> int:
    """Play all checks, print a line for each and a count, and return how many failed."""
    failed = 0
    for check in CHECKS:
        begun = time.monotonic()
        name = check.__name__.replace("_", " ")
        try:
            check(subject)
        except (CheckError, AssertionError, ToolingError) as error:
            failed += 1
            console.print(f"[red]{time.monotonic() - begun:6.1f} s  {name}[/red]")
            console.print(str(error) or "assertion failed", markup=False)
        else:
            console.print(f"[green]{time.monotonic() - begun:6.1f} s[/green]  {name}")
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return failed
