{{- /* What the operator may do where its platforms are; each verb is one that it uses. */}}
{{- define "messaging-operator.rules" -}}
- apiGroups: [messaging.dev]
  resources: [messagingplatforms]
  verbs: [get, list, watch]
- apiGroups: [messaging.dev]
  resources: [messagingplatforms/status]
  verbs: [patch]
# Owning what blocks the deletion of a platform, where OwnerReferencesPermissionEnforcement is on.
- apiGroups: [messaging.dev]
  resources: [messagingplatforms/finalizers]
  verbs: [update]
- apiGroups: [""]
  resources: [configmaps, services]
  verbs: [get, list, watch, create, patch, delete]
# The operator deletes neither: they belong to the data. `delete` is what OwnerReferencesPermissionEnforcement asks of
# whoever gives them an owner, as `deletionPolicy: Delete` does.
- apiGroups: [""]
  resources: [persistentvolumeclaims, secrets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, delete]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
{{- end -}}

{{- define "messaging-operator.subject" -}}
- kind: ServiceAccount
  name: {{ include "messaging-operator.name" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
