// Package wireguard knows WireGuard's messages by their plain headers, one
// datagram at a time ([Kind]), and says whether two of them belong together
// ([Answers], [Repeats], [SameSession]).
//
// One datagram proves little: what a handshake initiation shows in the clear
// are four constant bytes and its size, and tools that disturb packet
// inspection send a genuine looking initiation as a decoy before something
// else (zapret carries one, wireguard_initiation.bin). The proof is in two
// datagrams: an answer that repeats an index chosen by the other side, data of
// one session whose counter grows, or, where nothing comes back, a second attempt.
//
// Only the open protocol is known. Variants that change the type field, the
// reserved bytes or the sizes are not, and that takes in Cloudflare WARP's types
// 0xc1 to 0xc4: nothing in such a datagram says whose variant it is, its
// addresses do.
//
// Source: "WireGuard: Next Generation Kernel Network Tunnel", J. A. Donenfeld,
// section 5.4 (messages) and section 6.1 (timers). Integers are little-endian.
package wireguard
