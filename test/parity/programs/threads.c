// POSIX threads as a C library implements them: mutex, condition, semaphore, once, thread-local storage, read-write lock,
// barrier, timeouts, joining and detaching. Prints only what does not depend on who runs when.

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, ROUNDS = 8 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t shared = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t barrier;
static sem_t done;
static long turn, total, begun, written;
static _Thread_local long own;
static double seen[THREADS];

static void begin(void) { begun++; }

static void *work(void *argument) {
  long id = (long)argument;
  pthread_once(&once, begin);
  own = 100 * id;
  for (int i = 0; i < ROUNDS; i++) {
    pthread_mutex_lock(&lock);
    while (turn % THREADS != id) pthread_cond_wait(&changed, &lock);
    total += turn++ * (id + 1);
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    own++;
    /* Floating-point registers go with their thread. */
    seen[id] += sqrt((double)(id + i)) / 3;
    if (i % 4 == 0) {
      pthread_rwlock_wrlock(&shared);
      written++;
      pthread_rwlock_unlock(&shared);
    } else {
      pthread_rwlock_rdlock(&shared);
      total += written < 0;
      pthread_rwlock_unlock(&shared);
    }
  }
  pthread_barrier_wait(&barrier);
  return (void *)own;
}

static void *detached(void *unused) {
  struct timespec pause = {0, 1000};
  nanosleep(&pause, NULL);
  sem_post(&done);
  return unused;
}

static void *leaves(void *unused) {
  char *memory = malloc(1000);
  memset(memory, 1, 1000);
  free(memory);
  pthread_exit((void *)7);
}

static struct timespec in(clockid_t clock, long milliseconds) {
  struct timespec time;
  clock_gettime(clock, &time);
  time.tv_nsec += milliseconds * 1000000;
  if (time.tv_nsec >= 1000000000) time.tv_nsec -= 1000000000, time.tv_sec++;
  return time;
}

int main(void) {
  pthread_t threads[THREADS], other;
  void *result;
  pthread_barrier_init(&barrier, NULL, THREADS + 1);
  sem_init(&done, 0, 0);
  for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], NULL, work, (void *)i);
  pthread_barrier_wait(&barrier);
  long sum = 0;
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], &result), sum += (long)result;
  printf("turn %ld total %ld own %ld begun %ld written %ld\n", turn, total, sum, begun, written);
  printf("%.9f %.9f %.9f\n", seen[0], seen[1], seen[2]);

  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  printf("detached %d\n", pthread_create(&other, &attributes, detached, NULL));
  while (sem_wait(&done) != 0) {}

  struct timespec until = in(CLOCK_REALTIME, 20);
  pthread_mutex_lock(&lock);
  printf("condition %d\n", pthread_cond_timedwait(&changed, &lock, &until) == ETIMEDOUT);
  pthread_mutex_unlock(&lock);
  until = in(CLOCK_REALTIME, 5);
  int timed = sem_timedwait(&done, &until);
  printf("semaphore %d\n", timed == -1 && errno == ETIMEDOUT);
  struct timespec before = in(CLOCK_MONOTONIC, 0);
  usleep(30000);
  struct timespec after = in(CLOCK_MONOTONIC, 0);
  long slept = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  printf("slept %d\n", slept >= 30);
  pthread_create(&other, NULL, leaves, NULL);
  pthread_join(other, &result);
  printf("left %ld\n", (long)result);
  return 0;
}
