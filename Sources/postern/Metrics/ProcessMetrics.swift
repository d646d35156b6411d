import Glibc
import Metrics
import Timekeeping

/// What the system says about this process, read when somebody asks.
enum ProcessMetrics {
    static func write(to exposition: inout Exposition, started: Timestamp) {
        exposition.write(Metric.cpu) { samples in
            var time = timespec()
            // Sound: the system writes one value, into a variable that lives across the call.
            guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return }
            samples.add(Double(time.tv_sec) + Double(time.tv_nsec) / 1e9)
        }
        exposition.write(Metric.residentMemory) { samples in
            if let pages = residentPages() { samples.add(pages * sysconf(Int32(_SC_PAGESIZE))) }
        }
        exposition.write(Metric.openDescriptors) { samples in
            if let count = openDescriptors() { samples.add(count) }
        }
        exposition.write(Metric.maximumDescriptors) { samples in
            var limit = rlimit()
            // Sound: likewise.
            guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
            samples.add(UInt64(limit.rlim_cur))
        }
        exposition.write(Metric.startTime) { $0.add(Double(started.microsecondsSince1970) / 1e6) }
    }

    /// The second number of /proc/self/statm.
    private static func residentPages() -> Int? {
        guard let bytes = Files.read("/proc/self/statm") else { return nil }
        let numbers = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        return numbers.count > 1 ? Int(numbers[1]) : nil
    }

    /// Newer kernels say how many there are in the size of the folder; with older ones its entries are counted, which with
    /// 20,000 connections takes some milliseconds.
    private static func openDescriptors() -> Int? {
        var status = stat()
        // Sound: the system writes one value, into a variable that lives across the call.
        if unsafe stat("/proc/self/fd", &status) == 0, status.st_size > 0 { return Int(status.st_size) }
        guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(folder) }
        var count = 0
        // Sound: each entry is only counted; it lives until the next is read.
        while let entry = unsafe readdir(folder) {
            if unsafe entry.pointee.d_name.0 != CChar(bitPattern: UInt8(ascii: ".")) { count += 1 }
        }
        // The folder itself is one of them.
        return count - 1
    }
}
