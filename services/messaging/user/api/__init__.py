"""Routes of the user service, as the gateway reaches them; literal paths before `/{user_id}`."""

from messaging.user.api.contacts import router as contacts
from messaging.user.api.deletion import router as deletion
from messaging.user.api.preferences import router as preferences
from messaging.user.api.presence import router as presence
from messaging.user.api.profiles import router as profiles
from messaging.user.api.reports import router as reports

ROUTERS = (contacts, preferences, presence, reports, profiles, deletion)
