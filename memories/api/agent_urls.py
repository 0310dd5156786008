"""Routes below `/api/v1/{ctx}/` of coding agents: their sessions and what they observed."""

from django.urls import path

from conversations.api.agent_sessions import AgentSessionActionView, AgentSessionView
from memories.api.observations import ObservationBatchView, ObservationView, RunView

RUN = "agent-sessions/<str:content_session_id>"
OBSERVATION = "observations/<str:observation_id>"

urlpatterns = [
    path("agent-sessions", AgentSessionView.as_view({"get": "list", "post": "create"})),
    path(RUN, RunView.as_view({"get": "retrieve", "delete": "destroy"})),
    path(f"{RUN}/memory-session", AgentSessionActionView.as_view({"post": "register"})),
    path(f"{RUN}/resume", AgentSessionActionView.as_view({"get": "resume"})),
    path(f"{RUN}/force-init", AgentSessionActionView.as_view({"post": "force_init"})),
    path(f"{RUN}/complete", AgentSessionActionView.as_view({"post": "complete"})),
    path(f"{RUN}/observations", RunView.as_view({"get": "observations"})),
    path("observations", ObservationView.as_view({"get": "list", "post": "create"})),
    path("observations/batch", ObservationBatchView.as_view({"post": "batch"})),
    path(OBSERVATION, ObservationView.as_view({"get": "retrieve"})),
    path(f"{OBSERVATION}/promote", ObservationView.as_view({"post": "promote"})),
    path(f"{OBSERVATION}/timeline", ObservationView.as_view({"get": "timeline"})),
]
