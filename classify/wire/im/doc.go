// Package im recognises messengers by the first payloads of protocols that are
// their own. Each function judges one payload, or one together with an earlier
// payload of its flow; b is what was captured of it, wireLen its length on the wire.
//
// Byte patterns come from nDPI and the other projects named at each function.
// Where a comment says strong, chance matches one payload of 2^32 or fewer; where
// it says weak, an address, a port or a name must speak as well. All were tried on
// the first 16 payloads of each direction in 1973 foreign captures, 45329
// payloads: unless a comment gives a number, no flow of another application was
// matched. Of ViberTCP, MMTLS, OICQ, QQ, FLAPSignOn, ZoomPeer, ZoomMedia and Imo
// these captures hold no example, so only their silence is measured.
package im
