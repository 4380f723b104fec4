package service

import "slices"

// builtins are the matchers that rules may name.
var builtins = map[string]matcher{
	"ip_proto":                  matchIPProto,
	"stun":                      never,
	"wa_noise":                  never,
	"wa_noise_frame":            never,
	"wa_edge":                   never,
	"wa_edge_noise":             never,
	"mtproto_obfuscated":        never,
	"mtproto_obfuscated_random": never,
	"mtproto_abridged":          never,
	"mtproto_intermediate":      never,
	"mtproto_padded":            never,
	"mtproto_full":              never,
	"mtproto_plain":             never,
	"tg_reflector_ping":         never,
	"tg_reflector_special":      never,
	"tg_reflector_data":         never,
	"viber_tcp":                 never,
	"viber_udp":                 never,
	"discord_discovery":         never,
	"discord_keepalive":         never,
	"line_call":                 never,
	"kakao_loco":                never,
	"mmtls":                     never,
	"qq_oicq":                   never,
	"qq_udp":                    never,
	"threema_hello":             never,
	"ms_mux_turn":               never,
	"oscar_flap":                never,
	"imo_udp":                   never,
	"zoom_udp":                  never,
	"wg_initiation":             never,
	"wg_response":               never,
	"wg_cookie":                 never,
	"wg_data":                   never,
	"ovpn_reset":                never,
	"ovpn_answer":               never,
	"ovpn_tcp":                  never,
	"ike":                       never,
	"ike_answer":                never,
	"esp_udp":                   never,
	"l2tp":                      never,
	"pptp":                      never,
	"ts_disco":                  never,
	"warp":                      never,
}

func never(*Payload, *magicRule) (string, bool) { return "", false }

// firstBytes are the first bytes of payload that a builtin may hold for, where
// they are few.
var firstBytes = map[string]string{}

func matchIPProto(p *Payload, m *magicRule) (string, bool) {
	return "", slices.Contains(m.protos, p.Proto)
}
