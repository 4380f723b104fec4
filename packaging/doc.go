// Package packaging has what distributions install beside the program: the systemd
// unit that watches an interface. The tests put it to systemd-analyze.
package packaging
