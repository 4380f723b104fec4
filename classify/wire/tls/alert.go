package tls

import "strconv"

// Alert is a TLS alert as sent in the clear (RFC 8446 section 6).
type Alert struct {
	Level       uint8 // 1 warning, 2 fatal
	Description uint8
}

// ParseAlert reads an alert record at the start of b, which must be a record
// boundary. It reports false for anything else, encrypted alerts included.
func ParseAlert(b []byte) (Alert, bool) {
	if len(b) < recordHeader+2 || !validHeader(b[:recordHeader]) || b[0] != typeAlert || b[3] != 0 || b[4] != 2 {
		return Alert{}, false
	}
	return Alert{Level: b[5], Description: b[6]}, true
}

// Fatal reports whether the alert ends the connection: level fatal, or
// close_notify.
func (a Alert) Fatal() bool { return a.Level == 2 || a.Description == 0 }

// String returns level and description as the RFCs spell them, as in
// "fatal handshake_failure".
func (a Alert) String() string {
	level := "level_" + strconv.Itoa(int(a.Level))
	switch a.Level {
	case 1:
		level = "warning"
	case 2:
		level = "fatal"
	}
	return level + " " + a.Name()
}

// Name returns the description as the RFCs spell it, or its number.
func (a Alert) Name() string {
	if d := int(a.Description); d < len(alertNames) && alertNames[d] != "" {
		return alertNames[d]
	}
	return "alert_" + strconv.Itoa(int(a.Description))
}

// alertNames spells the descriptions (IANA TLS Alerts registry; RFC 8446
// section 6, RFC 5246 section 7.2, RFC 6066 section 9).
var alertNames = [...]string{
	0: "close_notify", 10: "unexpected_message",
	20: "bad_record_mac", 21: "decryption_failed", 22: "record_overflow",
	30: "decompression_failure",
	40: "handshake_failure", 41: "no_certificate", 42: "bad_certificate", 43: "unsupported_certificate",
	44: "certificate_revoked", 45: "certificate_expired", 46: "certificate_unknown",
	47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied",
	50: "decode_error", 51: "decrypt_error", 52: "too_many_cids_requested",
	60: "export_restriction", 70: "protocol_version", 71: "insufficient_security",
	80: "internal_error", 86: "inappropriate_fallback", 90: "user_canceled",
	100: "no_renegotiation", 109: "missing_extension",
	110: "unsupported_extension", 111: "certificate_unobtainable", 112: "unrecognized_name",
	113: "bad_certificate_status_response", 114: "bad_certificate_hash_value",
	115: "unknown_psk_identity", 116: "certificate_required", 117: "general_error",
	120: "no_application_protocol", 121: "ech_required",
}
