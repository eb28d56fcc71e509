package dev.pynet.bokeh.core

import java.util.stream.IntStream

/** Does `work` for each number below `count`, on all cores. */
fun inParallel(count: Int, work: (Int) -> Unit) = IntStream.range(0, count).parallel().forEach(work)
