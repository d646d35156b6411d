import Metrics

/// How long reads of the file store take: tens of microseconds while its pages are in memory, milliseconds where the disk is asked.
enum StoreReads {
    static let bounds: [Duration] = [
        .microseconds(25), .microseconds(50), .microseconds(100), .microseconds(250), .microseconds(500),
        .milliseconds(1), .milliseconds(5), .milliseconds(25), .milliseconds(100), .seconds(1),
    ]

    static func histogram() -> DurationHistogram { DurationHistogram(bounds: bounds) }
}
