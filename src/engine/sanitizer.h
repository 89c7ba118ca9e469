#ifndef IMP_ENGINE_SANITIZER_H
#define IMP_ENGINE_SANITIZER_H

/* IMP_ADDRESS_SANITIZER is 1 in a build with AddressSanitizer, by gcc or clang, else 0. Such builds bypass the pools, use larger stacks and
 * tell the sanitizer about task switches. */
#ifdef __SANITIZE_ADDRESS__
#define IMP_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IMP_ADDRESS_SANITIZER 1
#endif
#endif
#ifndef IMP_ADDRESS_SANITIZER
#define IMP_ADDRESS_SANITIZER 0
#endif

#endif
