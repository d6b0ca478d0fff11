import { type DragEvent, type ReactNode, useRef, useState } from "react";
import { Button } from "./Button";
import type { IconName } from "./Icon";

/** Put on what files may be dropped on. */
export function useDrop(onFiles: (files: readonly File[]) => void) {
  const [dragging, setDragging] = useState(false);
  return {
    dragging,
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      setDragging(true);
    },
    onDragLeave: (event: DragEvent) => {
      if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setDragging(false);
    },
    onDrop: (event: DragEvent) => {
      event.preventDefault();
      setDragging(false);
      onFiles([...event.dataTransfer.files]);
    },
  };
}

interface Props {
  /** Which kinds of files, as in the attribute of that name. */
  readonly accept: string;
  readonly icon: IconName;
  readonly word: string;
  /** Of the file input, for tests. */
  readonly testid: string;
  readonly dragging: boolean;
  /** Whether it may take less room, as there is something below it. */
  readonly small?: boolean;
  onFiles(files: readonly File[]): void;
  /** Buttons beside the one that chooses. */
  readonly beside?: ReactNode;
  /** What stands below. */
  readonly children: ReactNode;
}

/** Where files are chosen, and are asked to be dropped. */
export function Chooser({ accept, icon, word, testid, dragging, small = false, onFiles, beside, children }: Props) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <div
      className={`grid justify-items-center gap-3 rounded-card border-2 border-dashed text-center ${small ? "p-4" : "p-6 sm:p-10"} ${dragging ? "border-accent bg-hover" : "border-line bg-surface"}`}
    >
      <div className="flex flex-wrap justify-center gap-2">
        <Button look="main" icon={icon} onClick={() => input.current?.click()}>
          {word}
        </Button>
        {beside}
      </div>
      {children}
      <input
        ref={input}
        type="file"
        multiple
        accept={accept}
        className="hidden"
        data-testid={testid}
        aria-label={word}
        onChange={(event) => {
          const files = [...(event.target.files ?? [])];
          // So that the same files can be chosen once more.
          event.target.value = "";
          onFiles(files);
        }}
      />
    </div>
  );
}
