package service

import "testing"

func TestWhatRulesSpeak(t *testing.T) {
	for rule, want := range map[string]string{
		"tg-obfuscated": "mtproto", "tg-plain": "mtproto", "wa-edge": "noise", "wg-initiation": "wireguard",
		"ike-answer": "ike", "wa-stun-attr": "stun", "ovpn-answer": "openvpn", "pptp": "pptp",
		// a shape that others have, too
		"tg-obfuscated-random": "", "tg-abridged": "", "qq-udp": "", "warp": "", "ovpn-reset": "", "imo-udp": "",
		// an IP protocol, bytes at offsets, no rule
		"esp": "", "discord-keepalive": "", "no-such-rule": "", "": "",
	} {
		if got := Default().Speaks(rule); got != want {
			t.Errorf("%q speaks %q, want %q", rule, got, want)
		}
	}
	for name := range spoken {
		if builtins[name] == nil {
			t.Errorf("%s is no builtin", name)
		}
	}
}
