// Package ipsec knows the tunnels of operating systems by their own headers: IKE
// of both versions on its port and behind the marker that tells it from ESP
// ([Parse]), ESP in UDP ([ESP]), and the older L2TP and PPTP by the message that
// opens their control connection ([L2TP], [PPTP]).
//
// An IKE request alone may be a decoy, as may any single datagram; [Answers]
// takes a request and its response. Two ESP packets fit many a protocol that
// counts; what [SameESP] says is worth something on port 4500 or beside IKE. That
// there is IKE does not say it is a VPN service's: calls over Wi-Fi are IKE to
// the carrier.
//
// Sources: RFC 7296 section 3 (IKEv2), RFC 2408 section 3 and RFC 2409 (IKEv1),
// RFC 3948 (ESP in UDP), RFC 4303 section 2 (ESP), RFC 2661 (L2TP), RFC 2637
// (PPTP). Integers are big-endian.
package ipsec
