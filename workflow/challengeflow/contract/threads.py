"""How many numeric threads a stage may use: set before numpy is imported."""


def thread_limits(threads: int) -> dict[str, str]:
    """Environment variables of a stage, to be set before numpy is imported.

    BLAS sums in an order that depends on its thread count: one thread, so that results do not. OpenMP (histogram
    boosting) gives the same result at any count, and may use all threads.
    """
    blas = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    return dict.fromkeys(blas, "1") | {"OMP_NUM_THREADS": str(threads)}
