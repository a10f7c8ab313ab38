{{- define "shoal.selector" -}}
app.kubernetes.io/name: kuberay-operator
app.kubernetes.io/part-of: shoal
{{- end }}

{{- define "shoal.labels" -}}
{{ include "shoal.selector" . }}
app.kubernetes.io/component: kuberay-operator
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
shoal.dev/installation: {{ .Release.Namespace }}
{{- end }}

{{- define "shoal.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- define "shoal.policy" -}}
{{ if .Values.watchNamespaces }}shoal-operator-{{ .Release.Namespace }}{{ else }}shoal-operator{{ end }}
{{- end }}
