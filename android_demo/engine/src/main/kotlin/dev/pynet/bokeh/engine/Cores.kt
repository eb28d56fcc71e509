package dev.pynet.bokeh.engine

import java.io.File
import java.io.IOException

/** How many cores are faster than the slowest kind, or all of them where all are alike. */
fun fastCores(frequencies: List<Long>): Int {
    if (frequencies.isEmpty()) return 1
    val slowest = frequencies.min()
    val faster = frequencies.count { it > slowest }
    return if (faster == 0) frequencies.size else faster
}

/** The highest frequency of each core, in kHz; empty where the system does not tell. */
fun coreFrequencies(folder: File = File("/sys/devices/system/cpu")): List<Long> {
    val cores = folder.listFiles { file -> file.name.matches(Regex("cpu[0-9]+")) }.orEmpty()
    return cores.mapNotNull { core ->
        try {
            File(core, "cpufreq/cpuinfo_max_freq").readText().trim().toLongOrNull()
        } catch (_: IOException) {
            null
        }
    }
}

/** How many threads the CPU's kernels should take. */
fun cpuThreads(): Int {
    val frequencies = coreFrequencies()
    val cores = if (frequencies.isEmpty()) Runtime.getRuntime().availableProcessors() else fastCores(frequencies)
    return cores.coerceIn(1, MOST_THREADS)
}

private const val MOST_THREADS = 4
