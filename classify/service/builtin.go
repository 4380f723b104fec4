package service

import "slices"

// builtins are the matchers that rules may name: what is more than bytes at
// offsets. The parsers are in package wire and below; here is what of them a
// rule asks for.
var builtins = map[string]matcher{
	builtinIP:   matchIPProto,
	builtinSTUN: matchSTUN,

	"wa_noise":       waNoise,
	"wa_noise_frame": waNoiseFrame,
	"wa_edge":        waEdge,
	"wa_edge_noise":  waEdgeNoise,

	"mtproto_obfuscated":        mtprotoObfuscated,
	"mtproto_obfuscated_random": mtprotoRandom,
	"mtproto_abridged":          mtprotoAbridged,
	"mtproto_intermediate":      mtprotoIntermediate,
	"mtproto_padded":            mtprotoPadded,
	"mtproto_full":              mtprotoFull,
	"mtproto_plain":             mtprotoPlain,
	"tg_reflector_ping":         reflectorPing,
	"tg_reflector_special":      reflectorSpecial,
	"tg_reflector_data":         reflectorData,

	"viber_tcp":         viberTCP,
	"viber_udp":         viberUDP,
	"discord_discovery": discordDiscovery,
	"discord_keepalive": discordKeepalive,
	"line_call":         lineCall,
	"kakao_loco":        kakaoLOCO,
	"mmtls":             mmtls,
	"qq_oicq":           qqOICQ,
	"qq_udp":            qqUDP,
	"threema_hello":     threemaHello,
	"ms_mux_turn":       teamsMux,
	"oscar_flap":        oscarFLAP,
	"imo_udp":           imoUDP,
	"zoom_udp":          zoomUDP,

	"wg_initiation": wgInitiation,
	"wg_response":   wgResponse,
	"wg_cookie":     wgCookie,
	"wg_data":       wgData,
	"warp":          warp,
	"ovpn_reset":    ovpnReset,
	"ovpn_answer":   ovpnAnswer,
	"ovpn_tcp":      ovpnTCP,
	"ike":           ikeRequest,
	"ike_answer":    ikeAnswer,
	"esp_udp":       espUDP,
	"l2tp":          l2tp,
	"pptp":          pptp,
	"ts_disco":      tsDisco,
}

// Builtins that take parameters.
const (
	builtinIP   = "ip_proto"
	builtinSTUN = "stun"
)

// costly are builtins that try a key, with what is looked at before the address
// is asked for and the key tried.
var costly = map[string]func([]byte) bool{"mtproto_obfuscated": mayHide, "mtproto_obfuscated_random": mayHide}

// firstBytes are the first bytes of payload that a builtin may hold for, where
// they are few: what begins otherwise is never shown to it.
var firstBytes = map[string]string{
	"wa_noise":             "W",
	"wa_noise_frame":       "W\x00", // the upper byte of a length
	"wa_edge":              "E",
	"wa_edge_noise":        "E",
	"mtproto_abridged":     "\xef",
	"mtproto_intermediate": "\xee",
	"mtproto_padded":       "\xdd",
	"discord_discovery":    "\x00",
	"discord_keepalive":    "\x13",
	"kakao_loco":           "\x00",
	"mmtls":                "\x16\x19",
	"qq_oicq":              "\x02",
	"qq_udp":               "\x02",
	"ms_mux_turn":          "\xff",
	"oscar_flap":           "*",
	"imo_udp":              "\x00\x09\x88",
	"wg_initiation":        "\x01",
	"wg_response":          "\x02",
	"wg_cookie":            "\x03",
	"wg_data":              "\x04",
	"warp":                 "\xc1\xc2\xc3\xc4",
	"ovpn_tcp":             "\x00\x01\x02\x03\x04",                 // the upper byte of a length
	"ovpn_reset":           "\x08\x38\x50",                         // opcodes 1, 7, 10
	"ovpn_answer":          "\x10\x40",                             // opcodes 2, 8
	"line_call":            "\xb6\xd0\xd1\xd2\xd3\xd8\xd9\xda\xdb", // 10 bits of the rest are a length
	"zoom_udp":             "\x02\x04\x05\x1f",
	"l2tp":                 "\xc8",
	"pptp":                 "\x00",
	"ts_disco":             "T",
}

func matchIPProto(p *Payload, m *magicRule) (string, bool) {
	return "", slices.Contains(m.protos, p.Proto)
}
