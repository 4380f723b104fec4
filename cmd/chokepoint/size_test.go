package main

import "testing"

func TestSize(t *testing.T) {
	tests := []struct {
		name, in string
		want     size // 0: refused
		shown    string
	}{
		{"plain bytes", "67108864", 64 << 20, "64M"},
		{"megabytes", "512M", 512 << 20, "512M"},
		{"the unit in small letters", "512m", 512 << 20, "512M"},
		{"the unit in full", "512MiB", 512 << 20, "512M"},
		{"the unit after a space", "2 GB", 2 << 30, "2G"},
		{"a fraction", "1.5G", 3 << 29, "1536M"},
		{"kilobytes that are enough", "1024K", 1 << 20, "1M"},
		{"an odd number of bytes", "1048577", 1048577, "1048577"},
		{"too little to work with", "1023K", 0, ""},
		{"nothing", "", 0, ""},
		{"a unit alone", "M", 0, ""},
		{"an unknown unit", "1T", 0, ""},
		{"bits", "512Mbit", 0, ""},
		{"a negative size", "-512M", 0, ""},
		{"a signed size", "+512M", 0, ""},
		{"an exponent", "1e9", 0, ""},
		{"a hexadecimal number", "0x40000000", 0, ""},
		{"two dots", "1.2.3G", 0, ""},
		{"more than there can be", "99999999999G", 0, ""},
		{"not a number", "NaN", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got size
			err := got.Set(tt.in)
			if got != tt.want || (err == nil) != (tt.want != 0) {
				t.Fatalf("%q: got %d, %v; want %d", tt.in, got, err, tt.want)
			}
			if err == nil && got.String() != tt.shown {
				t.Errorf("%q is shown as %q, want %q", tt.in, got.String(), tt.shown)
			}
		})
	}
}
