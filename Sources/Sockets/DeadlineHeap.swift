/// The next deadline of each descriptor, the earliest first: a binary heap that knows where each descriptor stands.
struct DeadlineHeap {
    private struct Entry {
        var due: Deadline
        var descriptor: Int32
    }

    private var entries: [Entry] = []
    /// By descriptor: its position in `entries`, or -1.
    private var positions: [Int32] = []

    var earliest: Deadline? { entries.first?.due }

    /// Makes sure that `descriptor` comes up at `due` or before.
    mutating func schedule(_ descriptor: Int32, noLaterThan due: Deadline) {
        if positions.count <= Int(descriptor) {
            positions.append(contentsOf: repeatElement(-1, count: Int(descriptor) + 1 - positions.count))
        }
        let position = Int(positions[Int(descriptor)])
        if position < 0 {
            entries.append(Entry(due: due, descriptor: descriptor))
            place(entries.count - 1)
            siftUp(from: entries.count - 1)
        } else if due < entries[position].due {
            entries[position].due = due
            siftUp(from: position)
        }
    }

    mutating func remove(_ descriptor: Int32) {
        guard descriptor < positions.count, case let position = Int(positions[Int(descriptor)]), position >= 0
        else { return }
        positions[Int(descriptor)] = -1
        let last = entries.removeLast()
        guard position < entries.count else { return }
        entries[position] = last
        place(position)
        siftUp(from: position)
        siftDown(from: Int(positions[Int(last.descriptor)]))
    }

    /// Takes out the descriptor whose deadline is the earliest, if it has passed.
    mutating func removeEarliest(dueBy now: Deadline) -> Int32? {
        guard let first = entries.first, first.due <= now else { return nil }
        remove(first.descriptor)
        return first.descriptor
    }

    private mutating func place(_ position: Int) {
        positions[Int(entries[position].descriptor)] = Int32(position)
    }

    private mutating func siftUp(from start: Int) {
        var position = start
        while position > 0 {
            let parent = (position - 1) / 2
            guard entries[position].due < entries[parent].due else { return }
            exchange(position, parent)
            position = parent
        }
    }

    private mutating func siftDown(from start: Int) {
        var position = start
        while true {
            var least = position
            for child in [2 * position + 1, 2 * position + 2]
            where child < entries.count && entries[child].due < entries[least].due {
                least = child
            }
            guard least != position else { return }
            exchange(position, least)
            position = least
        }
    }

    private mutating func exchange(_ left: Int, _ right: Int) {
        entries.swapAt(left, right)
        place(left)
        place(right)
    }
}
