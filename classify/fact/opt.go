package fact

// Opt is a value that may not have been seen.
type Opt[T any] struct {
	V  T
	Ok bool
}

// Some returns a seen value.
func Some[T any](v T) Opt[T] { return Opt[T]{V: v, Ok: true} }

// Or returns the value, or d when it was not seen.
func (o Opt[T]) Or(d T) T {
	if o.Ok {
		return o.V
	}
	return d
}
