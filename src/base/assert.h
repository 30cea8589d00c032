/* Assertions that stay on in release builds: a false invariant must stop this node rather than fork
 * the chain. Bytes from outside are never asserted, they are checked.
 *
 * Thread safety: immutable. */
#ifndef AE_BASE_ASSERT_H
#define AE_BASE_ASSERT_H

_Noreturn void ae_panic(const char *file, int line, const char *expression);

#define AE_ASSERT(expr) ((expr) ? (void)0 : ae_panic(__FILE__, __LINE__, #expr))

/* After a switch that handles every case. */
#define AE_UNREACHABLE() ae_panic(__FILE__, __LINE__, "unreachable")

/* Costly checks. Type-checked but never evaluated when off. */
#ifdef AE_ENABLE_DEBUG_ASSERT
#define AE_DEBUG_ASSERT(expr) AE_ASSERT(expr)
#else
#define AE_DEBUG_ASSERT(expr) ((void)sizeof((expr) ? 1 : 0))
#endif

#endif
