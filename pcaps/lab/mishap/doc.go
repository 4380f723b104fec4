// Package mishap makes the things happen that the kernel of a host drops packets
// and resets connections for: a rule, a closed port, a full queue, a forged RST.
// Each is made for real, in two namespaces on a cable, and tells what it did:
// addresses, how many packets, and what the kernel should call it.
package mishap
