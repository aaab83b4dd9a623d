"""Profiles: made from the sign-up, read by id and by name, changed by their owner only."""

from e2e.scenarios import checks, shapes
from e2e.scenarios.stage import Stage
from e2e.scenarios.waiting import eventually


async def profiles(stage: Stage) -> None:
    """Play what one may see and change of a person."""
    ada, ben = await stage.person("ada"), await stage.person("ben")
    with stage.step("a profile follows the sign-up; its e-mail address is in one's own only"):
        answer = await eventually(
            lambda: ada.request("GET", "/user/me"),
            lambda response: response.status_code == 200,
            what="GET /user/me",
            within=stage.within,
        )
        mine = answer.json()
        shapes.conforms(mine, shapes.PROFILE, "my profile")
        checks.equal([mine["id"], mine["username"], mine["email"]], [ada.id, ada.username, ada.email], "my profile")
    with stage.step("others read it by id, by name in any case, and in a list of ids"):
        by_id = await ben.get(f"/user/{ada.id}")
        by_name = await ben.get(f"/user/by-username/{ada.username.upper()}")
        listed = await eventually(
            lambda: ben.get("/user", ids=f"{ada.id},{ben.id}"),
            lambda page: len(page["items"]) == 2,
            what="two profiles by ids",
            within=stage.within,
        )
        for profile in (by_id, by_name, next(item for item in listed["items"] if item["id"] == ada.id)):
            shapes.conforms(profile, shapes.PROFILE, "another's profile")
            checks.equal(profile["id"], ada.id, "id")
            checks.true(profile.get("email") is None, "another's e-mail address is visible")
        checks.problem(await ben.request("GET", f"/user/by-username/nobody.{stage.run_id}"), 404, "not-found")
    with stage.step("one changes one's own, and nobody else's"):
        changed = await ada.put(f"/user/{ada.id}", {"display_name": "Ada L.", "bio": "Notes\r\non engines"})
        checks.equal([changed["display_name"], changed["bio"]], ["Ada L.", "Notes\non engines"], "the changed profile")
        again = await ben.get(f"/user/{ada.id}")
        checks.equal([again["display_name"], again["bio"]], ["Ada L.", "Notes\non engines"], "the profile for others")
        kept = await ada.put(f"/user/{ada.id}", {"bio": ""})
        checks.equal([kept["display_name"], kept["bio"]], ["Ada L.", ""], "what was not named")
        checks.problem(await ben.request("PUT", f"/user/{ada.id}", json={"bio": "x"}), 403, "forbidden")
        refused = await ada.request("PUT", f"/user/{ada.id}", json={"username": "other"})
        checks.problem(refused, 422, "invalid-fields")
