//go:build linux

package live

// recent remembers what was used lately: at least half, at most two halves.
type recent[K comparable, V any] struct {
	half       int
	young, old map[K]V
}

func newRecent[K comparable, V any](half int) *recent[K, V] {
	return &recent[K, V]{half: half, young: map[K]V{}, old: map[K]V{}}
}

// get finds a value and keeps it from being forgotten.
func (r *recent[K, V]) get(k K) (V, bool) {
	v, ok := r.young[k]
	if ok {
		return v, true
	}
	if v, ok = r.old[k]; ok {
		r.put(k, v)
	}
	return v, ok
}

// put remembers a value.
func (r *recent[K, V]) put(k K, v V) {
	if _, ok := r.young[k]; !ok && len(r.young) >= r.half {
		r.young, r.old = r.old, r.young
		clear(r.young)
	}
	r.young[k] = v
}
