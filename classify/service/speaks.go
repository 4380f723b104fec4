package service

// spoken is what a builtin shows to be spoken, where it shows that beyond doubt.
// What looks at lengths or at a byte or two is left out, and so are hellos that
// prove nothing until they are answered: they may count for a service, together
// with other evidence, but they are no protocol seen.
var spoken = map[string]string{
	builtinSTUN: "stun",

	"wa_noise":             "noise",
	"wa_edge":              "noise",
	"wa_edge_noise":        "noise",
	"mtproto_obfuscated":   "mtproto",
	"mtproto_intermediate": "mtproto",
	"mtproto_padded":       "mtproto",
	"mtproto_full":         "mtproto",
	"mtproto_plain":        "mtproto",
	"tg_reflector_ping":    "tg_reflector",
	"tg_reflector_special": "tg_reflector",
	"tg_reflector_data":    "tg_reflector",

	"viber_tcp":         "viber",
	"discord_discovery": "discord",
	"discord_keepalive": "discord",
	"line_call":         "line",
	"kakao_loco":        "loco",
	"mmtls":             "mmtls",
	"qq_oicq":           "oicq",
	"ms_mux_turn":       "turn",
	"oscar_flap":        "oscar",
	"zoom_udp":          "zoom",

	"wg_initiation": "wireguard",
	"wg_response":   "wireguard",
	"wg_cookie":     "wireguard",
	"wg_data":       "wireguard",
	"ovpn_answer":   "openvpn",
	"ovpn_tcp":      "openvpn",
	"ike":           "ike",
	"ike_answer":    "ike",
	"esp_udp":       "esp",
	"l2tp":          "l2tp",
	"pptp":          "pptp",
	"ts_disco":      "tailscale",
}

// Speaks returns the protocol that a rule for payload shows to be spoken, such
// as "mtproto" or "wireguard", "" when the rule is unknown or shows none beyond
// doubt.
func (r *Rules) Speaks(rule string) string {
	if m := r.magic.byID[rule]; m != nil {
		return spoken[m.builtin]
	}
	return ""
}
