/* The highest level of instructions that the processor has and the system keeps the registers of: 0 the baseline, else that of x86-64.
 * Whoever has these of a level has the rest of it. */
int hg_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const int third = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  const int fourth = third && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return fourth ? 4 : third ? 3 : 0;
#else
  return 0;
#endif
}
