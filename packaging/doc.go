// Package packaging has what distributions install beside the program: the systemd unit
// that watches an interface, alerts for Prometheus and a dashboard for Grafana. The tests
// put them to systemd-analyze and promtool, and as root have Prometheus raise an alert
// about what the lab does.
package packaging
