package service

// ECHProvider returns who fronts encrypted hellos under a name outside them, ""
// if the name is none of those known.
func (r *Rules) ECHProvider(sni string) string { return r.echProvider(sni) }
