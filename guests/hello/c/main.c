// An ordinary C program: what its library asks of the system is the point, with glibc and with musl. Prints the same always.
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, ROUNDS = 1000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static _Thread_local long own;
static long total;
static int turn;

// Each thread adds under the mutex, then waits for its turn to speak.
static void *work(void *argument) {
  int number = (int)(long)argument;
  for (int i = 0; i < ROUNDS; i++) {
    own += number;
    pthread_mutex_lock(&mutex);
    total += number;
    pthread_mutex_unlock(&mutex);
  }
  pthread_mutex_lock(&mutex);
  while (turn != number) pthread_cond_wait(&turned, &mutex);
  printf("thread %d: %ld of its own\n", number, own);
  turn++;
  pthread_cond_broadcast(&turned);
  pthread_mutex_unlock(&mutex);
  return (void *)own;
}

static void threads(void) {
  pthread_t handles[THREADS];
  long sum = 0;
  for (long i = 0; i < THREADS; i++)
    if (pthread_create(&handles[i], NULL, work, (void *)i) != 0) exit(2);
  for (int i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(handles[i], &result);
    sum += (long)result;
  }
  printf("threads: total %ld, sum %ld\n", total, sum);
}

// A wait that nobody ends, and a sleep: time passes.
static void waiting(void) {
  struct timespec start, end, pause = {0, 2000000};
  clock_gettime(CLOCK_MONOTONIC, &start);
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_nsec += 1000000;
  if (end.tv_nsec >= 1000000000) end.tv_sec++, end.tv_nsec -= 1000000000;
  pthread_mutex_lock(&mutex);
  int status = pthread_cond_timedwait(&turned, &mutex, &end);
  pthread_mutex_unlock(&mutex);
  nanosleep(&pause, NULL);
  clock_gettime(CLOCK_MONOTONIC, &end);
  long passed = (end.tv_sec - start.tv_sec) * 1000000000L + end.tv_nsec - start.tv_nsec;
  printf("waiting: %s, %s\n", status == ETIMEDOUT ? "timed out" : "woken", passed >= 3000000 ? "time passed" : "no time passed");
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void memory(void) {
  double *values = NULL;
  unsigned random = 1;
  for (size_t n = 0; n < 200000; n++) {
    if ((n & (n - 1)) == 0) values = realloc(values, 2 * (n + 1) * sizeof *values);
    random = random * 1664525u + 1013904223u;
    values[n] = sin(random / 4294967296.0);
  }
  qsort(values, 200000, sizeof *values, compare);
  printf("memory: least %.17g, median %.17g\n", values[0], values[100000]);
  free(values);
}

static jmp_buf back;

int main(int count, char **arguments) {
  printf("hello, %s\n", count > 1 ? arguments[1] : "world");
  threads();
  waiting();
  memory();
  printf("floating point: %.17g %.17g %a %g %g\n", sqrt(2), pow(1.1, 100), fma(0.1, 10, -1), strtod("1e-310", NULL), nan(""));
  printf("files: %s\n", fopen("/no/such/file", "r") == NULL ? "none" : "there are");
  if (setjmp(back) == 0) longjmp(back, 1);
  fprintf(stderr, "this goes to standard error\n");
  return 0;
}
