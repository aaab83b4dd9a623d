"""Roles: one owner, admins who may do most of it, who follows a leaving owner, and the end of a group."""

from e2e.scenarios import checks
from e2e.scenarios.person import Person
from e2e.scenarios.stage import Stage


async def roles(stage: Stage) -> None:
    """Play the passing on of a group."""
    ada, ben, carol = [await stage.person(name) for name in ("ada", "ben", "carol")]
    group = await stage.group(ada, ben, carol)
    path = f"/conversation/{group['id']}"
    with stage.step("the owner makes an admin, who may rename and remove members, but not the owner"):
        checks.problem(await ben.request("PUT", f"{path}/members/{carol.id}", json={"role": "admin"}), 403, "forbidden")
        await ada.put(f"{path}/members/{ben.id}", {"role": "admin"})
        await ben.put(path, {"title": "Renamed by an admin"})
        checks.problem(await ben.request("DELETE", f"{path}/members/{ada.id}"), 403, "forbidden")
        await _has_roles(carol, path, {ada.id: "owner", ben.id: "admin", carol.id: "member"})
    with stage.step("handing over makes the former owner an admin"):
        await ada.put(f"{path}/members/{carol.id}", {"role": "owner"})
        await _has_roles(ben, path, {ada.id: "admin", ben.id: "admin", carol.id: "owner"})
        checks.equal((await ben.get(path))["owner_id"], carol.id, "owner_id")
    with stage.step("a leaving owner is followed by the longest-standing admin"):
        checks.status(await carol.request("DELETE", f"{path}/members/{carol.id}"), 204)
        checks.problem(await carol.request("GET", path), 404, "not-found")
        await _has_roles(ben, path, {ada.id: "owner", ben.id: "admin"})
    with stage.step("the owner deletes the group, and everybody hears it"):
        socket = await ben.connect()
        checks.problem(await ben.request("DELETE", path), 403, "forbidden")
        checks.status(await ada.request("DELETE", path), 204)
        heard = await socket.wait_for("conversation", lambda change: change["reason"] == "deleted")
        checks.equal(heard["conversation"]["id"], group["id"], "the conversation of the event")
        for person in (ada, ben):
            checks.problem(await person.request("GET", path), 404, "not-found")
            checks.equal((await person.get("/conversation"))["items"], [], "conversations afterwards")


async def _has_roles(reader: Person, path: str, expected: dict[str, str]) -> None:
    members = (await reader.get(f"{path}/members"))["items"]
    held = {member["user_id"]: member["role"] for member in members}
    checks.equal(held, expected, "roles")
