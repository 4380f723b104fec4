// Package tap records what passes an interface of the lab, both ways, as a capture
// program on that host would: through an AF_PACKET socket, with the kernel's
// timestamps, every frame whole. What is kept of the frames is decided when the
// recording is written ([Keep]).
package tap
