// Package replay plays captures onto a cable between two network namespaces, one
// end of which can be watched live. What is sent on the watched end leaves it, the
// rest arrives, as at the host that the capture was taken on.
package replay
